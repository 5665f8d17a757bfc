package io.lb4j.discovery.eureka;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.Registrar;
import io.lb4j.discovery.eureka.EurekaServers.Question;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Questions;
import io.lb4j.discovery.internal.SharedRandom;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * Puts a server into Eureka, Netflix's or Spring Cloud's, where their own clients find it: as an instance of the application
 * that the service is called after, which answers to the service's name as virtual address. Weight, zone and priority go into
 * its metadata, where {@link EurekaDiscovery} reads them, and Spring Cloud weight and zone.
 *
 * <p>One that drains, which is one of weight 0, is {@code OUT_OF_SERVICE}, all others are {@code UP}. What somebody else sets
 * with Eureka is left alone until that changes. A lease is {@link #DEFAULT_TTL} unless the registration says otherwise, and is
 * renewed after 22 to 30 s, since Eureka's self-preservation counts renewals and expects two a minute.
 *
 * <p>Of several servers, which tell each other, one is asked until it fails, and then the next one. Eureka lets whoever
 * registers an id have it: of two servers with the same id the last one is listed, and each registers again when the other has
 * deregistered.
 *
 * <p>Belongs to one registration. Thread-safe.
 */
public final class EurekaRegistrar implements Registrar {
    /** How long Eureka lists a server after it was last heard of, unless the registration says otherwise: 90 s. */
    public static final Duration DEFAULT_TTL = Duration.ofSeconds(90);

    private static final MediaType JSON = MediaType.get("application/json");
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** What a path can't carry through all servers and proxies. */
    private static final Pattern UNFIT = Pattern.compile("[/\\\\;%]|^\\.{1,2}$");

    private final EurekaServers servers;
    private final @Nullable String ipAddress;

    /** The registration asks one question at a time: what it says of itself, when it began to, and how it stands. */
    private volatile long dirtyAt;

    private volatile @Nullable String lastStatus;
    private volatile Questions.@Nullable Pending pending;

    private EurekaRegistrar(Builder builder) {
        this.servers = new EurekaServers(builder.urls, builder.login, builder.client, builder.random);
        this.ipAddress = builder.ipAddress;
    }

    /**
     * Registers with these servers, everything else at its default.
     *
     * @param urls as {@code http://127.0.0.1:8761}; {@code /eureka} is added where there is no path
     * @throws IllegalArgumentException if there is none, or one is malformed or has a user and password
     */
    public static EurekaRegistrar of(String... urls) {
        return builder(urls).build();
    }

    /**
     * A builder with every setting but the servers at its default.
     *
     * @param urls as for {@link #of}
     */
    public static Builder builder(String... urls) {
        return new Builder(List.of(urls));
    }

    @Override
    public Duration defaultTtl() {
        return DEFAULT_TTL;
    }

    @Override
    public void check(String service, ServiceInstance instance) {
        checkName("service", service);
        checkName("id", instance.id());
    }

    private static void checkName(String what, String value) {
        if (value.isBlank() || UNFIT.matcher(value).find()) {
            throw new IllegalArgumentException(what + ": '" + value + "' (expected: a name without / \\ ; %)");
        }
    }

    private static String application(String service) {
        return service.toUpperCase(Locale.ROOT);
    }

    private static String status(ServiceInstance instance) {
        return instance.isDraining() ? "OUT_OF_SERVICE" : "UP";
    }

    @Override
    public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        // Eureka keeps the one of two that says it is newer, whichever comes later.
        dirtyAt = Math.max(System.currentTimeMillis(), dirtyAt + 1);
        byte[] body = InstanceWriter.toBytes(json -> write(service, instance, ttl, json));
        Question question = new Question(
                List.of(application(service)), Map.of(), request -> request.post(RequestBody.create(body, JSON)));
        ask(question, ttl, new Reply(answer, 204) {
            @Override
            void ok() {
                String status = status(instance);
                // The server keeps the status that it has, if that is one of these two, whatever a registration says.
                if (status.equals("UP") && (lastStatus == null || status.equals(lastStatus))) {
                    told(status);
                    renew(service, instance, ttl, answer);
                } else {
                    setStatus(service, instance, ttl, answer);
                }
            }
        });
    }

    private void told(String status) {
        lastStatus = status;
    }

    private void setStatus(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        String status = status(instance);
        ask(put(service, instance, "value", status, "status"), ttl, new Reply(answer, 200) {
            @Override
            void ok() {
                told(status);
                renew(service, instance, ttl, answer);
            }
        });
    }

    /** Also after each registration, since a lease that was never renewed lasts half as long. */
    @Override
    public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        ask(put(service, instance, "status", status(instance)), ttl, new Reply(answer, 200) {
            @Override
            void ok() {
                answer.held(ttl);
            }
        });
    }

    private Question put(String service, ServiceInstance instance, String name, String value, String... more) {
        List<String> path = new ArrayList<>(List.of(application(service), instance.id()));
        path.addAll(List.of(more));
        return new Question(
                path,
                Map.of(name, value, "lastDirtyTimestamp", Long.toString(dirtyAt)),
                request -> request.put(RequestBody.create(new byte[0], null)));
    }

    private abstract static class Reply implements EurekaServers.Handler {
        private final Answer answer;
        private final int expected;

        Reply(Answer answer, int expected) {
            this.answer = answer;
            this.expected = expected;
        }

        abstract void ok();

        @Override
        public void answered(JsonCalls server, int status, JsonNode body) {
            String words = String.valueOf(server.unexpected(status, body).getMessage());
            if (status == expected) {
                ok();
            } else if (status == 404 && expected == 200) {
                answer.forgotten(words);
            } else if (status == 404) {
                answer.refused(words + " (expected: Eureka's API there; its path is part of the URL)");
            } else if (status >= 400) {
                answer.refused(words);
            } else {
                answer.failed(new IOException(words));
            }
        }

        @Override
        public void failed(IOException error) {
            answer.failed(error);
        }
    }

    private void ask(Question question, Duration ttl, Reply reply) {
        Duration third = ttl.dividedBy(3);
        pending = servers.ask(question, third.compareTo(PATIENCE) < 0 ? third : PATIENCE, reply);
    }

    private void write(String service, ServiceInstance instance, Duration ttl, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeObjectFieldStart("instance");
        json.writeStringField("instanceId", instance.id());
        json.writeStringField("app", application(service));
        json.writeStringField("hostName", instance.host());
        json.writeStringField("ipAddr", ipAddress == null ? instance.host() : ipAddress);
        json.writeStringField("vipAddress", service);
        json.writeStringField("secureVipAddress", service);
        json.writeStringField("status", status(instance));
        port(json, "port", instance, !instance.secure());
        port(json, "securePort", instance, instance.secure());
        json.writeObjectFieldStart("dataCenterInfo");
        json.writeStringField("@class", "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo");
        json.writeStringField("name", "MyOwn");
        json.writeEndObject();
        json.writeObjectFieldStart("leaseInfo");
        json.writeNumberField("renewalIntervalInSecs", Math.max(1, ttl.toSeconds() / 3));
        // A lease that was renewed ends after twice its time: an old mistake of Eureka's, which it keeps on purpose.
        json.writeNumberField("durationInSecs", Math.max(1, (ttl.toMillis() + 1999) / 2000));
        json.writeEndObject();
        json.writeObjectFieldStart("metadata");
        for (Map.Entry<String, String> entry : metadata(instance).entrySet()) {
            json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
        json.writeStringField("lastUpdatedTimestamp", Long.toString(dirtyAt));
        json.writeStringField("lastDirtyTimestamp", Long.toString(dirtyAt));
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void port(JsonGenerator json, String name, ServiceInstance instance, boolean enabled)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("$", instance.port());
        json.writeStringField("@enabled", Boolean.toString(enabled));
        json.writeEndObject();
    }

    private static Map<String, String> metadata(ServiceInstance instance) {
        Map<String, String> all = new TreeMap<>(instance.metadata());
        if (instance.zone() != null) {
            all.put("zone", instance.zone());
        }
        if (instance.priority() != 0) {
            all.put("priority", Integer.toString(instance.priority()));
        }
        // One that drains says so by its status; what it weighed, nobody knows any more.
        if (instance.weight() != 1 && instance.weight() != 0) {
            all.put("weight", Double.toString(instance.weight()));
        }
        return all;
    }

    @Override
    public void cancel() {
        Questions.Pending asked = pending;
        if (asked != null) {
            asked.cancel();
        }
    }

    @Override
    public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        Question question =
                new Question(List.of(application(service), instance.id()), Map.of(), Request.Builder::delete);
        int status = servers.askNow(question, atMost);
        if (status != 200 && status != 404) {
            throw new IOException(servers + ": answered " + status + " to the deregistration of " + instance.id());
        }
    }

    @Override
    public void close() {
        servers.close();
    }

    @Override
    public String toString() {
        return servers.toString();
    }

    /** Collects the settings of a {@link EurekaRegistrar}. Not thread-safe. */
    public static final class Builder {
        private final List<String> urls;
        private @Nullable EurekaLogin login;
        private @Nullable OkHttpClient client;
        private @Nullable String ipAddress;
        private RandomGenerator random = new SharedRandom();

        private Builder(List<String> urls) {
            this.urls = urls;
        }

        /**
         * Sets who asks, by basic authentication; default nobody. Both are sent over HTTPS or to a loopback address only.
         *
         * @param password asked anew for each question
         * @throws IllegalArgumentException if the user is empty or has a colon
         */
        public Builder login(String user, DiscoveryUri.Secret password) {
            this.login = new EurekaLogin(user, password);
            return this;
        }

        /** Sets the client to start from, for TLS, client certificates or a proxy; default a new one. It is not closed. */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /**
         * Sets the IP address to say besides the host name, for those who prefer it; default the instance's host, whatever that is.
         */
        public Builder ipAddress(String value) {
            this.ipAddress = Objects.requireNonNull(value, "ipAddress");
            return this;
        }

        /** For tests: which server is asked first. */
        Builder random(RandomGenerator value) {
            this.random = value;
            return this;
        }

        /**
         * Builds the registrar. It asks nothing before its registration starts.
         *
         * @throws IllegalArgumentException if there is no URL, one is malformed or has a user and password, or a password would be
         *     sent in the clear
         */
        public EurekaRegistrar build() {
            return new EurekaRegistrar(this);
        }
    }
}
