import './cost.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const cost: FigureModule = { id: 'cost', title: 'The cost of one example', Body };

function Body() {
  return <p>TODO</p>;
}
