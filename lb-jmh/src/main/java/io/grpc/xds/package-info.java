/** One class that must stand in gRPC's package to see a constant there; this module is never published. */
@NullMarked
package io.grpc.xds;

import org.jspecify.annotations.NullMarked;
