import './wiggle.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const wiggle: FigureModule = { id: 'wiggle', title: 'Wiggle one weight', Body };

function Body() {
  return <p>TODO</p>;
}
