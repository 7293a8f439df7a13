/** Starts the lesson. */
import { render } from 'preact';

import { byId } from '../elements.ts';
import { Lesson } from './lesson.tsx';
import { open } from './session.ts';

open();
render(<Lesson />, byId('lesson', HTMLElement));
