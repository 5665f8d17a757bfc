package io.lb4j.discovery;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.internal.Names;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Opens sources of instances that are named in one line of configuration.
 *
 * <pre>{@code
 * ServiceDiscovery discovery = Discoveries.open("registry://127.0.0.1:8500/orders");
 * }</pre>
 *
 * <p>What every source says goes through an {@link io.lb4j.discovery.decorator.AddressGuard} unless the URI says {@code
 * guard=off}; further parameters put other decorators of {@code io.lb4j.discovery.decorator} over it.
 *
 * <p>Shipped are {@code static:host:port,host:port}, {@code file:/path} and {@code registry://host:port/service}; more are
 * found through {@link DiscoveryProvider}. Thread-safe.
 */
public final class Discoveries {
    private Discoveries() {}

    /**
     * Opens a source. Returns at once, whether or not it can be reached.
     *
     * @param uri as {@link DiscoveryUri} describes it
     * @return to be closed by the caller
     * @throws IllegalArgumentException if the URI is malformed, or its scheme, a parameter or a value unknown; the message
     *     names those that are valid
     */
    public static ServiceDiscovery open(String uri) {
        DiscoveryUri parsed = DiscoveryUri.parse(uri);
        ServiceDiscovery source = provider(parsed).open(parsed);
        try {
            Decorations decorations = new Decorations(parsed);
            parsed.checkAllAsked();
            return decorations.over(source);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** The schemes there are providers for, sorted. */
    public static Set<String> schemes() {
        return new Providers().byScheme.keySet();
    }

    private static DiscoveryProvider provider(DiscoveryUri uri) {
        Providers found = new Providers();
        List<DiscoveryProvider> providers = found.byScheme.getOrDefault(uri.scheme(), List.of());
        if (providers.isEmpty()) {
            Set<String> schemes = found.byScheme.keySet();
            throw new IllegalArgumentException("scheme: " + uri.scheme() + Names.nearest(uri.scheme(), schemes)
                    + " (expected: one of " + schemes + ", or a DiscoveryProvider for it on the class or module path"
                    + (found.broken.isEmpty() ? "" : "; can't be used: " + found.broken) + "), in " + uri);
        }
        if (providers.size() > 1) {
            throw new IllegalArgumentException("scheme: " + uri.scheme() + " is provided by "
                    + providers.stream().map(p -> p.getClass().getName()).toList() + " (expected: one of them), in "
                    + uri);
        }
        return providers.get(0);
    }

    /** What there is at the moment; looked for anew each time, since applications come and go in a server. */
    private static final class Providers {
        private static final int MAX_BROKEN = 100;

        final Map<String, List<DiscoveryProvider>> byScheme = new TreeMap<>();
        final List<String> broken = new ArrayList<>();

        Providers() {
            Map<Class<?>, DiscoveryProvider> byClass = new LinkedHashMap<>();
            collect(Discoveries.class.getClassLoader(), byClass);
            collect(Thread.currentThread().getContextClassLoader(), byClass);
            byClass.values()
                    .forEach(provider -> byScheme.computeIfAbsent(provider.scheme(), scheme -> new ArrayList<>())
                            .add(provider));
        }

        private void collect(@Nullable ClassLoader loader, Map<Class<?>, DiscoveryProvider> into) {
            Iterator<ServiceLoader.Provider<DiscoveryProvider>> all =
                    ServiceLoader.load(DiscoveryProvider.class, loader).stream().iterator();
            while (broken.size() < MAX_BROKEN) {
                try {
                    if (!all.hasNext()) {
                        return;
                    }
                    ServiceLoader.Provider<DiscoveryProvider> provider = all.next();
                    // One that is met again, by another loader's way, is the same class.
                    into.computeIfAbsent(provider.type(), type -> provider.get());
                } catch (ServiceConfigurationError | LinkageError e) {
                    // One that can't be used, for want of a library say, must not keep the others from being used.
                    broken.add(String.valueOf(e.getMessage()));
                }
            }
        }
    }
}
