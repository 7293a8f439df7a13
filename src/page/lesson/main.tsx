/** Starts the lesson. */
import { render } from 'preact';

import { byId } from '../elements.ts';
import { Lesson } from './lesson.tsx';
import { openAtAddress } from './session.ts';

openAtAddress();
render(<Lesson />, byId('lesson', HTMLElement));
