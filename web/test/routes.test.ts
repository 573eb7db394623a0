import { describe, expect, it } from 'vitest';

import { homeOf, href, parse, type Route } from '../src/routes';

describe('routes', () => {
  it('are what their paths say, both ways', () => {
    const routes: Route[] = [
      { screen: 'rooms' },
      { screen: 'room', roomId: 1 },
      { screen: 'room', roomId: Number.MAX_SAFE_INTEGER },
      { screen: 'profile' },
      { screen: 'sign-in' },
      { screen: 'sign-up' },
      { screen: 'reset' },
      { screen: 'flow' },
    ];
    for (const route of routes) expect(parse(href(route))).toEqual(route);
  });

  it('leave the paths of the server, and rooms that cannot be, alone', () => {
    const others = ['', '/docs', '/dev/mail', '/room', '/room/', '/room/0', '/room/01', '/room/-1', '/room/1/', '/room/x', '/room/9007199254740992', '/Profile', '/rooms'];
    for (const path of others) expect(parse(path), path).toBeUndefined();
  });

  it('lead back from beside the rooms to the room that was open', () => {
    expect(homeOf({ screen: 'room', roomId: 7 })).toEqual({ screen: 'room', roomId: 7 });
    expect(homeOf({ screen: 'profile' })).toBeUndefined();
    expect(homeOf({ screen: 'sign-in' })).toEqual({ screen: 'rooms' });
  });
});
