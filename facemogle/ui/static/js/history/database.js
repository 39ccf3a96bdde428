// The browser's database. All tabs share it.

const NAME = "facemogle";
const VERSION = 2;
const PATIENCE = 1500; // milliseconds: in a frame of another site some browsers never answer

/** Stores, and what each of their records is found by. Browsers have a store "pictures" already. */
const STORES = { pictures: "id", undo: ["tab", "id"] };

/** Every request fails if the browser does not let the page store anything, or no more. */
export class Database {
  /** open(): a promise of the browser's database. */
  constructor(open = openDatabase) {
    this.open = open;
    this.database = null;
  }

  /**
   * What a request on a store gives, once the whole transaction is through. mode: "readonly" or
   * "readwrite". A connection that fails, as a browser may close it, is opened again once.
   */
  async ask(store, mode, act) {
    try {
      return await this.tryOnce(store, mode, act);
    } catch {
      this.database = null;
      return this.tryOnce(store, mode, act);
    }
  }

  async tryOnce(store, mode, act) {
    this.database ??= this.open();
    const transaction = (await this.database).transaction(store, mode);
    const request = act(transaction.objectStore(store));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    return request?.result;
  }
}

async function openDatabase() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    for (const [store, keyPath] of Object.entries(STORES)) {
      if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store, { keyPath });
    }
  };
  const database = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
    setTimeout(() => reject(new Error("The browser's database does not answer.")), PATIENCE);
  });
  database.onversionchange = () => database.close(); // a newer page in another tab goes first
  return database;
}
