/**
 * Area under the ROC curve: how often a clicked row is scored above one that is not, ties counted half. NaN when rows of
 * a kind are missing.
 */
export function auc(scores: ArrayLike<number>, clicked: readonly boolean[]): number {
  const order = Array.from(clicked.keys()).sort((a, b) => scores[a]! - scores[b]!);
  let clicks = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let tiedClicks = 0;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) {
      if (clicked[order[end]!]) tiedClicks++;
      end++;
    }
    // Ranks begin at 1; rows that tie share the mean of theirs.
    rankSum += (tiedClicks * (start + 1 + end)) / 2;
    clicks += tiedClicks;
    start = end;
  }
  return (rankSum - (clicks * (clicks + 1)) / 2) / (clicks * (order.length - clicks));
}
