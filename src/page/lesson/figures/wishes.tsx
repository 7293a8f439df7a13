import './wishes.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const wishes: FigureModule = { id: 'wishes', title: 'What one example wishes for', Body };

function Body() {
  return <p>TODO</p>;
}
