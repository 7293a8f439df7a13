import './data.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const data: FigureModule = { id: 'data', title: 'You need data', Body };

function Body() {
  return <p>TODO</p>;
}
