import './code.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const code: FigureModule = { id: 'code', title: 'Every line of code', Body };

function Body() {
  return <p>TODO</p>;
}
