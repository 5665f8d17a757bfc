/**
 * Calls over OkHttp that go to a picked instance of a service, while the URL keeps the name of the service.
 *
 * <p>A call is in flight until its response body is closed; then its outcome feeds health and the next pick.
 * Retries go to another instance, within a budget and the time of the whole call.
 */
@NullMarked
package io.lb4j.okhttp;

import org.jspecify.annotations.NullMarked;
