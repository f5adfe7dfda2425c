/** The part of http-link-header that is used; the package has no types of its own. Source: its README. */
declare module 'http-link-header' {
  type Link = { readonly uri: string };
  type Links = { rel(value: string): readonly Link[] };
  const LinkHeader: {
    /** @throws Error on a header that does not follow RFC 8288 */
    parse(header: string): Links;
  };
  export = LinkHeader;
}
