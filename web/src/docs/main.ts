/** The page at `/docs`: Swagger UI on this server's own document. It is no part of the chat, and in English like it. */
import 'swagger-ui-dist/swagger-ui.css';
import './docs.css';

import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';

SwaggerUI({
  url: '/openapi.json',
  dom_id: '#calls',
  deepLinking: true,
  filter: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // A cookie cannot be filled in by a page: a reader who wants a session calls /auth/login here, and the browser keeps it.
  plugins: [{ wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null } }],
  // The badge of a validator would send the document to a server elsewhere.
  validatorUrl: 'none',
});
