package io.lb4j.discovery;

import io.lb4j.discovery.internal.Certificates;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.Names;
import io.lb4j.discovery.internal.UriText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Where instances come from, in one line of configuration: {@code scheme://host:port,host:port/service?name=value}. Read
 * as RFC 3986 says, with several hosts besides: other characters are written {@code %20}, an IPv6 address in brackets; a
 * parameter occurs once, and a list is separated by commas.
 *
 * <p>It notes what it is asked for, so that {@link Discoveries#open} can refuse what nobody asked for. It holds no
 * secrets: they would end up in logs and lists of processes. Its text form leaves the parameters out.
 *
 * <p>Not thread-safe. Every getter throws {@link IllegalArgumentException} naming what was given and what is expected.
 */
public final class DiscoveryUri {
    private static final String SERVICE = "service";

    private final UriText text;
    private final Set<String> asked = new TreeSet<>();
    private boolean authorityAsked;
    private boolean pathAsked;
    private boolean serviceAsked;

    /** A secret that is kept elsewhere. */
    @FunctionalInterface
    public interface Secret {
        /**
         * Reads it, anew each time, since secrets are rotated.
         *
         * @throws IOException if it can't be read or is empty
         */
        String read() throws IOException;
    }

    private DiscoveryUri(UriText text) {
        this.text = text;
    }

    /**
     * Reads a URI.
     *
     * @throws IllegalArgumentException if it is malformed, has a parameter twice, a fragment, or a user and password
     */
    public static DiscoveryUri parse(String uri) {
        return new DiscoveryUri(UriText.parse(uri));
    }

    /** The scheme, in lower case. */
    public String scheme() {
        return text.scheme();
    }

    /** What is between {@code //} and the path, decoded; empty if there is none. */
    public String authority() {
        authorityAsked = true;
        return decoded("authority", text.authority());
    }

    /**
     * The hosts, each as {@code host:port}, an IPv6 address in brackets; empty if none is given.
     *
     * @param defaultPort of a host without one; 0 if it must have one
     */
    public List<String> hosts(int defaultPort) {
        authorityAsked = true;
        if (text.authority().isEmpty()) {
            return List.of();
        }
        return Arrays.stream(text.authority().split(",", -1))
                .map(host -> UriText.hostAndPort(host, defaultPort, this))
                .toList();
    }

    /**
     * The addresses of servers that speak HTTP, as {@code http://host:port}, or {@code https} if the parameter {@code tls}
     * is true; at least one.
     *
     * @param defaultPort of a host without one
     */
    public List<String> urls(int defaultPort) {
        String http = bool("tls", false) ? "https://" : "http://";
        List<String> hosts = hosts(defaultPort);
        if (hosts.isEmpty()) {
            throw bad("host", "none", "one, as in " + scheme() + "://127.0.0.1:" + defaultPort);
        }
        return hosts.stream().map(host -> http + host).toList();
    }

    /**
     * The address of the only server, as in {@link #urls}.
     *
     * @param defaultPort of a host without one
     */
    public String url(int defaultPort) {
        List<String> urls = urls(defaultPort);
        if (urls.size() > 1) {
            throw bad("hosts", text.authority(), "one host");
        }
        return urls.get(0);
    }

    /**
     * The client to start from for servers that speak HTTP: if the parameter {@code caFile} names a PEM file, one that
     * trusts the authorities in it and nobody else; null stands for the platform's trust. Each call makes another one.
     */
    public @Nullable OkHttpClient client() {
        String file = string("caFile", null);
        if (file != null && !bool("tls", false)) {
            throw bad("caFile", file, "tls=true besides");
        }
        return file == null ? null : Certificates.trusting(Path.of(file));
    }

    /** What follows the hosts, decoded, with its leading slash if it has one; empty if there is none. */
    public String path() {
        pathAsked = true;
        return decoded("path", text.path());
    }

    /**
     * The service that the path or the parameter {@code service} names, or null. If one is named, {@link Discoveries#open}
     * sees to it that watches are for that one, whatever name they are opened for.
     */
    public @Nullable String service() {
        serviceAsked = true;
        String parameter = string(SERVICE, null);
        if (pathAsked) {
            // The path means something else in this scheme.
            return parameter;
        }
        String path = text.path().startsWith("/") ? text.path().substring(1) : text.path();
        if (path.isEmpty()) {
            return parameter;
        }
        if (path.indexOf('/') >= 0) {
            throw bad("path", text.path(), "the name of one service, a slash in it written %2F");
        }
        if (parameter != null) {
            throw bad(SERVICE, parameter, "to be named once, but the path names " + path);
        }
        return decoded("path", path);
    }

    /** A parameter's value, decoded. */
    public @Nullable String string(String name, @Nullable String defaultValue) {
        String raw = raw(name);
        return raw == null ? defaultValue : decoded(name, raw);
    }

    /** A parameter that is {@code true} or {@code false}. */
    public boolean bool(String name, boolean defaultValue) {
        return "true".equals(oneOf(name, Boolean.toString(defaultValue), "true", "false"));
    }

    /** A parameter that is a whole number. */
    public int integer(String name, int defaultValue) {
        return parsed(name, defaultValue, "a whole number", Integer::parseInt);
    }

    /** A parameter that is a time: a whole number and {@code ms}, {@code s} or {@code m}. */
    public Duration duration(String name, Duration defaultValue) {
        return parsed(
                name, defaultValue, "a whole number and ms, s or m, as in 15s", value -> Durations.parse(name, value));
    }

    /** A parameter that is one of a few words. */
    public String oneOf(String name, String defaultValue, String... allowed) {
        String value = string(name, null);
        if (value == null) {
            return defaultValue;
        }
        if (!List.of(allowed).contains(value)) {
            throw bad(name, value, "one of " + List.of(allowed));
        }
        return value;
    }

    /** A parameter that is a list separated by commas, one within an item written {@code %2C}; default empty. */
    public List<String> list(String name) {
        String raw = raw(name);
        if (raw == null) {
            return List.of();
        }
        List<String> items = new ArrayList<>();
        for (String item : raw.split(",", -1)) {
            if (item.isEmpty()) {
                throw bad(name, raw, "items separated by single commas");
            }
            items.add(decoded(name, item));
        }
        return List.copyOf(items);
    }

    /**
     * A secret, kept in a file or in a variable of the environment: for {@code token}, named by the parameters {@code
     * tokenFile} and {@code tokenEnv}. White space around it is dropped.
     *
     * @return null if none is given
     */
    public @Nullable Secret secret(String name) {
        if (text.parameters().containsKey(name)) {
            throw new IllegalArgumentException(name + ": given in the URI (expected: " + name + "File=/path or " + name
                    + "Env=VARIABLE, since URIs end up in logs), in " + this);
        }
        String file = string(name + "File", null);
        String variable = string(name + "Env", null);
        if (file != null && variable != null) {
            throw bad(name + "Env", variable, "either this or " + name + "File");
        }
        if (file != null) {
            Path path = Path.of(file);
            return () -> secret(name + "File " + file, Files.readString(path));
        }
        return variable == null ? null : () -> secret(name + "Env " + variable, System.getenv(variable));
    }

    private static String secret(String where, @Nullable String value) throws IOException {
        if (value == null || value.isBlank()) {
            throw new IOException(where + ": " + (value == null ? "not set" : "blank") + " (expected: a secret)");
        }
        return value.strip();
    }

    private <T> T parsed(String name, T defaultValue, String rule, Function<String, T> parser) {
        String value = string(name, null);
        if (value == null) {
            return defaultValue;
        }
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            throw bad(name, value, rule);
        }
    }

    private @Nullable String raw(String name) {
        asked.add(name);
        return text.parameters().get(name);
    }

    private String decoded(String name, String raw) {
        return UriText.decode(name, raw, this);
    }

    private IllegalArgumentException bad(String name, String value, String rule) {
        return new IllegalArgumentException(name + ": " + value + " (expected: " + rule + "), in " + this);
    }

    /** Whether somebody asked for this parameter. */
    boolean isAsked(String name) {
        return asked.contains(name);
    }

    /** The service that watches are for if it was asked for and is named, else null. */
    @Nullable
    String fixedService() {
        return serviceAsked ? service() : null;
    }

    /** Refuses what the URI has and nobody asked for. */
    void checkAllAsked() {
        if (!authorityAsked && !text.authority().isEmpty()) {
            throw bad("hosts", text.authority(), "none with the scheme " + scheme());
        }
        if (!pathAsked && !serviceAsked && text.path().length() > 1) {
            throw bad("path", text.path(), "none with the scheme " + scheme());
        }
        Map<String, String> unknown = new LinkedHashMap<>(text.parameters());
        unknown.keySet().removeAll(asked);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(unknown.keySet().stream()
                            .map(name -> name + Names.nearest(name, asked))
                            .collect(Collectors.joining(", "))
                    + ": unknown (expected: parameters of " + asked + "), in " + this);
        }
    }

    /** The URI without its parameters. */
    @Override
    public String toString() {
        return text.toString();
    }
}
