/** What each source costs, measured against the real servers: the program behind the table in docs/discovery.md. */
@NullMarked
package io.lb4j.discovery.measured;

import org.jspecify.annotations.NullMarked;
