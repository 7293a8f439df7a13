import './onlyOne.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const onlyOne: FigureModule = { id: 'onlyOne', title: 'Only the 2s', Body };

function Body() {
  return <p>TODO</p>;
}
