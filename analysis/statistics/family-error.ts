// How much error a comparison may spend on one look at its rounds. A comparison that looks once spends all of it.
// One that looks now and then, to stop when it is precise enough, spends a share on each look, and the shares of all
// looks it could ever make add up to no more than the whole: looking makes no claim more likely.

/** The error allowed to all strategies of a comparison together. */
export const FAMILY_ERROR = 0.05;

/** Share of the look number `look`, from 1: 1/(1·2) + 1/(2·3) + 1/(3·4) + … = 1. */
function shareOfLook(look: number): number {
  return 1 / (look * (look + 1));
}

/** From one look to the next there are half as many rounds again: few looks, so that each may spend enough. */
const GROWTH = 1.5;

/** Rounds at the first look that comes at `rounds` or later, and its number. */
function nextLook(
  rounds: number,
  looksFrom: number,
): { readonly at: number; readonly look: number } {
  let at = looksFrom;
  let look = 1;
  while (at < rounds) {
    at = Math.ceil(at * GROWTH);
    look++;
  }
  return { at, look };
}

/** Whether a comparison that first looks at `looksFrom` rounds looks at `rounds`. */
export function isLook(rounds: number, looksFrom: number): boolean {
  return nextLook(rounds, looksFrom).at === rounds;
}

/**
 * Error of the intervals made of so many rounds. `looksFrom` is the number of rounds at the first look; undefined
 * where the number of rounds was fixed. A comparison that ends between two looks spends what the next may.
 */
export function familyError(rounds: number, looksFrom: number | undefined): number {
  if (looksFrom === undefined) return FAMILY_ERROR;
  return FAMILY_ERROR * shareOfLook(nextLook(rounds, looksFrom).look);
}

/** Rounds from which on one strategy of so many could be found: one relabeling in (arms)^n is as extreme, twice. */
export function fewestRounds(
  strategies: number,
  hasControl: boolean,
  error = FAMILY_ERROR,
): number {
  const arms = hasControl ? 3 : 2;
  return Math.max(
    1,
    Math.ceil(Math.log((2 * Math.max(1, strategies)) / error) / Math.log(arms) - 1e-9),
  );
}
