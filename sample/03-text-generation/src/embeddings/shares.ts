/** A whole number in as many whole parts as there are weights, in proportion to them; together they are the whole. */
export function shares(whole: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let weighed = 0;
  let given = 0;
  return weights.map((weight) => {
    weighed += weight;
    const share = Math.round((whole * weighed) / total) - given;
    given += share;
    return share;
  });
}
