import './mend.css';
import type { FigureModule } from '../runtime/figure.tsx';

export const mend: FigureModule = { id: 'mend', title: 'Break it and mend it', Body };

function Body() {
  return <p>TODO</p>;
}
