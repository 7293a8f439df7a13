/** The page that people open: trains the main job's networks in their own browser and shows it happen. */
import { mendLanguage } from './languageTag.ts';

mendLanguage();
// Imported only now: what is imported above runs before the first line here does.
const [{ App }, { readPageOptions }] = await Promise.all([
  import('./app.ts'),
  import('./pageOptions.ts'),
]);
await new App(readPageOptions(location.search)).start();
