/** 1, 2, 3 … */
export function numbers(): () => number {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
}
