/** Objects within objects that a value may have; beyond it is neither written nor read. */
export const MAX_DEPTH = 1_000;

/** How long all arrays with holes in a value may be together: a few bytes stand for that many places. */
export const MAX_SPARSE_LENGTH = 1_000_000;
