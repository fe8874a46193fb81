/** What a person does in a browser to sign in, where nothing has to be typed: it follows redirects and keeps cookies. */

const MAX_REDIRECTS = 20;

/** @returns the URL of the client's own page, to which the last redirect leads; it is not fetched */
export async function signIn(authorizationUrl: URL, clientPage: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = authorizationUrl;
  for (let redirects = 0; redirects < MAX_REDIRECTS; redirects += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        connection: 'close',
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    });
    const text = await response.text();
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null)
      throw new Error(`${url.pathname} answered ${response.status}: ${text.slice(0, 500)}`);
    url = new URL(location, url);
    if (url.href.startsWith(clientPage)) return url;
  }
  throw new Error(`More than ${MAX_REDIRECTS} redirects`);
}
