import './miniBatches.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const miniBatches: FigureModule = {
  id: 'miniBatches',
  title: 'Shuffled mini-batches',
  Body,
};

function Body() {
  return <p>TODO</p>;
}
