export type Random = () => number;
/** Numbers in [0, 1) from a 32-bit seed. */
export declare function seededRandom(seed: number): Random;
/** The items in random order (Fisher–Yates). */
export declare function shuffled<T>(items: readonly T[], random: Random): readonly T[];
