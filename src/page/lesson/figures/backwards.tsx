import './backwards.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const backwards: FigureModule = {
  id: 'backwards',
  title: 'Backwards, layer by layer',
  Body,
};

function Body() {
  return <p>TODO</p>;
}
