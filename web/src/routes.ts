/** Where a person is in the page. Each has an address of its own, and an address that is none of these is the server's. */
export type Route =
  | { readonly screen: 'rooms' | 'profile' | 'sign-in' | 'sign-up' | 'reset' | 'flow' }
  | { readonly screen: 'room'; readonly roomId: number };

const SCREENS = ['profile', 'sign-in', 'sign-up', 'reset', 'flow'] as const;

/** The route of a path; `undefined` for a path that is not the page's. */
export function parse(path: string): Route | undefined {
  if (path === '/') return { screen: 'rooms' };
  const room = /^\/room\/([1-9]\d{0,15})$/.exec(path)?.[1];
  if (room !== undefined) return Number.isSafeInteger(Number(room)) ? { screen: 'room', roomId: Number(room) } : undefined;
  const screen = SCREENS.find((name) => path === `/${name}`);
  return screen && { screen };
}

/** The path of a route. */
export function href(route: Route): string {
  switch (route.screen) {
    case 'rooms':
      return '/';
    case 'room':
      return `/room/${route.roomId}`;
    default:
      return `/${route.screen}`;
  }
}

/** Whether a click on a link is the page's to follow: a plain one, with the main button, in this window. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.defaultPrevented && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

/** Where the way back to the rooms leads after this screen; `undefined` where it leads on to where it led before. */
export function homeOf(route: Route): Route | undefined {
  if (route.screen === 'room') return route;
  return route.screen === 'profile' || route.screen === 'flow' ? undefined : { screen: 'rooms' };
}
