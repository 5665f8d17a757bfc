/** Instances by DNS: addresses and SRV records, asked for again as their time to live ends. */
@NullMarked
package io.lb4j.discovery.dns;

import org.jspecify.annotations.NullMarked;
