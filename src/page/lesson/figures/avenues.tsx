import './avenues.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const avenues: FigureModule = { id: 'avenues', title: 'Three avenues for one neuron', Body };

function Body() {
  return <p>TODO</p>;
}
