import { homeOf, href, isPlainClick, parse, type Route } from './routes';

const HOME: Route = { screen: 'rooms' };

/** The address bar, and the route that it stands for. */
class Router {
  #route = $state.raw<Route>(parse(location.pathname) ?? HOME);
  #home = $state.raw<Route>(homeOf(this.#route) ?? HOME);

  constructor() {
    addEventListener('popstate', () => {
      this.#show(parse(location.pathname) ?? HOME);
    });
    // A plain link to a route changes the screen without a load. Others, and those to the server's own pages, do what links do.
    document.addEventListener('click', (event) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (!link || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
      const route = parse(link.pathname);
      if (!route || !isPlainClick(event)) return;
      event.preventDefault();
      this.go(route);
    });
  }

  get route(): Route {
    return this.#route;
  }

  /** Where the way back to the rooms leads: to the room that was open, if one was. */
  get home(): Route {
    return this.#home;
  }

  /** Goes there; the way back leads here. */
  go(route: Route): void {
    if (href(route) !== location.pathname) history.pushState(null, '', href(route));
    this.#show(route);
  }

  /** Goes there; the way back leads to where the person was before this. */
  replace(route: Route): void {
    history.replaceState(null, '', href(route));
    this.#show(route);
  }

  #show(route: Route): void {
    this.#route = route;
    this.#home = homeOf(route) ?? this.#home;
  }
}

export const router = new Router();
