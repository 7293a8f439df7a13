/** The scale of a plot of shares, outside of the plot, so that no line crosses its numbers. */
import './shareScale.css';

/** For screen readers the table has the numbers. */
export function ShareScale() {
  return (
    <span class="share-scale small" aria-hidden="true">
      <span>100 %</span>
      <span>50 %</span>
      <span>0</span>
    </span>
  );
}
