import './sums.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const sums: FigureModule = { id: 'sums', title: 'All wishes added up', Body };

function Body() {
  return <p>TODO</p>;
}
