/**
 * What the sources of instances share: telling watchers, waiting after failures, asking over HTTP, reading and writing
 * instances. Not exported: public only to the other packages of this module.
 */
@NullMarked
package io.lb4j.discovery.internal;

import org.jspecify.annotations.NullMarked;
