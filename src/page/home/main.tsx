/** The front page: a network that learns, and the doors to everything else. */
import { byId } from '../elements.ts';
import { showLiveNetwork } from '../lesson/liveNetwork.tsx';

// The benchmark was at this address before. Its settings and results were in the address.
if (location.search !== '' || location.hash !== '') {
  location.replace(`./benchmark.html${location.search}${location.hash}`);
} else {
  showLiveNetwork(byId('live', HTMLElement), { stillStep: 1_500 });
  // `npm run build` puts the library's documentation beside the page; other builds have none.
  byId('api', HTMLAnchorElement).hidden = import.meta.env.MODE !== 'site';
}
