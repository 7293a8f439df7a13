/** The page that people open: trains the main job's networks in their own browser and shows it happen. */
import './languageTag.ts';

// Imported in its turn, not above: the bundle's chunks run before the code of the file that imports them.
const [{ App }, { readPageOptions }] = await Promise.all([
  import('./app.ts'),
  import('./pageOptions.ts'),
]);
await new App(readPageOptions(location.search)).start();
