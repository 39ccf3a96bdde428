// A share in [0, 1] as a person reads it: with one decimal wherever weights stand, so that no two differ.

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
