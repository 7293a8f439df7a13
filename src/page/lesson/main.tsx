/** Starts the lesson. */
import { render } from 'preact';

import { byId } from '../elements.ts';
import { nextTask } from '../nextTask.ts';
import { Lesson } from './lesson.tsx';
import { openAtAddress } from './session.ts';

openAtAddress();
// Drawing begins in a task of its own, so that none is long.
await nextTask();
render(<Lesson />, byId('lesson', HTMLElement));
