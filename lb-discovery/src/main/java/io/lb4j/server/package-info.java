/**
 * The server's side of load reports: a reporter counts the calls of a server and says how busy it is.
 *
 * <p>Adapters for the JDK's HTTP server and for servlets count calls and add the report to every answer, in the header
 * that Envoy and gRPC read too; a handler gives it to whoever probes.
 */
@NullMarked
package io.lb4j.server;

import org.jspecify.annotations.NullMarked;
