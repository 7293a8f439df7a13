import './sensitivity.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const sensitivity: FigureModule = {
  id: 'sensitivity',
  title: 'Which numbers matter most',
  Body,
};

function Body() {
  return <p>TODO</p>;
}
