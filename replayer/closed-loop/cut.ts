// Where a call ends: the one rule for groups and for `drain`, in the simulation, in predictions and in the
// JavaScript loop. Counted in commands, as the dialect counts them (design §13, rule 10).

/** True where `more` commands may go into a call that has `commands`: the first entry always does, whole. */
export function fits(commands: number, more: number, maxCommands: number): boolean {
  return commands === 0 || commands + more <= maxCommands;
}
