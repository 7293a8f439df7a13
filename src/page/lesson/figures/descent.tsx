import './descent.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const descent: FigureModule = {
  id: 'descent',
  title: 'The drunk walk and the careful step',
  Body,
};

function Body() {
  return <p>TODO</p>;
}
