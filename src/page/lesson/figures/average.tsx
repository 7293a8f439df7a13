import './average.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const average: FigureModule = { id: 'average', title: 'The average of all wishes', Body };

function Body() {
  return <p>TODO</p>;
}
