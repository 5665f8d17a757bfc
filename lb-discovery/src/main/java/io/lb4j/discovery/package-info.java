/**
 * Where instances come from: static lists, watched files, and an embedded registry that servers register with.
 *
 * <p>A source delivers complete snapshots; trouble with it never erases the last good one.
 * A {@code Registration} is the server side: it registers, renews, and deregisters when closed.
 */
@NullMarked
package io.lb4j.discovery;

import org.jspecify.annotations.NullMarked;
