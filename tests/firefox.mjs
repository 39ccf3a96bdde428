// A look at a served page in Debian's Firefox: Playwright drives only builds of its own.
//   npm install --prefix tests --no-save puppeteer-core && node tests/firefox.mjs URL FOLDER
// Opens it, paints, generates, takes back; ends with 1 if the page has complained.
import puppeteer from "puppeteer-core";

const [url, folder] = process.argv.slice(2);
const timeout = 120_000;
const image = ".result .stage img";
const browser = await puppeteer.launch({ browser: "firefox", executablePath: "/usr/bin/firefox" });
const page = await browser.newPage();
await page.setViewport({ width: 1440, height: 900 });
const complaints = [];
page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
page.on("pageerror", ({ message }) => complaints.push(message));

async function look(name) {
  await new Promise((done) => setTimeout(done, 500)); // of transitions
  await page.screenshot({ path: `${folder}/${name}.png` });
}

await page.goto(url);
await page.waitForSelector(".studio[data-ready=true]", { timeout });
await page.waitForFunction(`document.querySelector("${image}").naturalWidth > 100`, { timeout });
await look("opened");

const { x, y, width } = await (await page.$("#drawing")).boundingBox();
const at = (column, row) => [x + (width * column) / 512, y + (width * row) / 512];
await page.mouse.move(...at(180, 150));
await page.mouse.down();
for (let step = 0; step <= 20; step += 1) await page.mouse.move(...at(180 + 7 * step, 150));
await page.mouse.up();
const before = await page.$eval(image, ({ src }) => src);
await page.locator("::-p-aria(Generate)").click();
const isDone = `document.querySelector(".progress-text").textContent.includes("4 steps")
  && document.querySelector("${image}").src !== "${before}"`;
await page.waitForFunction(isDone, { timeout });
await look("generated");

await page.keyboard.press("g");
await look("map");
await page.keyboard.press("g");
await page.keyboard.down("Control");
await page.keyboard.press("z");
await page.keyboard.up("Control");
await look("undone");
for (const [name, sides] of [["tablet", [820, 1180]], ["phone", [390, 844]]]) {
  await page.setViewport({ width: sides[0], height: sides[1] });
  await look(name);
}
console.log(await browser.version(), complaints);
await browser.close();
process.exit(complaints.length ? 1 : 0);
