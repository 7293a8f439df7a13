/** The page that people open: trains the main job's networks in their own browser and shows it happen. */
import './languageTag.ts';

import { App } from './app.ts';
import { readPageOptions } from './pageOptions.ts';

await new App(readPageOptions(location.search)).start();
