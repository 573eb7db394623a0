declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** What this page sets of https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/. */
  interface Options {
    readonly url: string;
    readonly dom_id: string;
    readonly deepLinking: boolean;
    readonly filter: boolean;
    readonly displayRequestDuration: boolean;
    readonly tryItOutEnabled: boolean;
    readonly validatorUrl: string;
    readonly plugins: readonly { readonly wrapComponents: Readonly<Record<string, () => () => null>> }[];
  }
  export default function SwaggerUI(options: Options): unknown;
}
