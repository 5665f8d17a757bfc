package io.lb4j.faults;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Ten server processes, each on an address of its own so that a rule of the packet filter can single one out. */
final class Fleet implements AutoCloseable {
    /** What the servers are. */
    enum Kind {
        NGINX,
        NGINX_TLS,
        /** Finishes what it has, and says goodbye with {@code Connection: close}, when it is asked to leave. */
        HAPROXY,
        /** The same over HTTP/2 without TLS, where the goodbye is GOAWAY. */
        HAPROXY_HTTP2,
        /** Ours. */
        FAULTY
    }

    static final int SIZE = 10;
    static final int PORT = 18080;
    private final Kind kind;
    private final Path directory;
    private final @Nullable Certificates certificates;
    private static final int FIRST_ADDRESS = 11;

    private final boolean[] refusing = new boolean[SIZE];
    private final boolean[] impostors = new boolean[SIZE];
    private final Process[] processes = new Process[SIZE];

    Fleet(Kind kind, Path directory, @Nullable Certificates certificates) throws IOException, InterruptedException {
        this.kind = kind;
        this.directory = directory;
        this.certificates = certificates;
        for (int i = 0; i < SIZE; i++) {
            Files.createDirectories(home(i));
        }
        startAll();
    }

    static String name(int i) {
        return "n" + i;
    }

    static String address(int i) {
        return "127.0.0." + (FIRST_ADDRESS + i);
    }

    /** Whose address it is, its relay's included; the address itself if nobody's. */
    static String nameAt(InetSocketAddress address) {
        for (int i = 0; i < SIZE; i++) {
            String host = address.getAddress() == null
                    ? address.getHostString()
                    : address.getAddress().getHostAddress();
            if (host.equals(address(i)) || host.equals(Relay.address(i))) {
                return name(i);
            }
        }
        return address.toString();
    }

    private Path home(int i) {
        return directory.resolve(name(i));
    }

    private Path log(int i) {
        return home(i).resolve("served.log");
    }

    void start(int i) throws IOException, InterruptedException {
        launch(i);
        awaitListening(i);
    }

    /** Puts a server with somebody else's certificate in this one's place. */
    void impersonate(int i) throws IOException, InterruptedException {
        kill(i);
        impostors[i] = true;
        start(i);
    }

    /** Puts a server that refuses every stream in this one's place, which finishes what it has. */
    void refuse(int i) throws IOException, InterruptedException {
        quit(i);
        refusing[i] = true;
        start(i);
    }

    private void launch(int i) throws IOException {
        List<String> command = refusing[i]
                ? java(RefusingServer.class, address(i), String.valueOf(PORT))
                : switch (kind) {
                    case NGINX, NGINX_TLS -> nginx(i);
                    case HAPROXY, HAPROXY_HTTP2 -> haproxy(i);
                    case FAULTY ->
                        java(FaultyServer.class, name(i), address(i), String.valueOf(PORT), log(i).toString());
                };
        Path output = kind == Kind.HAPROXY || kind == Kind.HAPROXY_HTTP2 ? log(i) : home(i).resolve("output");
        processes[i] = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(
                        home(i).resolve("output").toFile()))
                .start();
    }

    @SuppressWarnings("InlineFormatString") // it is a file's text
    private List<String> haproxy(int i) throws IOException {
        String text = """
                global
                  log stdout format raw local0
                  hard-stop-after 4s
                defaults
                  mode http
                  log global
                  timeout client 60s
                frontend orders
                  bind %s:%d%s
                  http-request capture req.hdr(x-call-id) len 64
                  log-format "%%Ts.%%ms %%[capture.req.hdr(0)] %%HM %%ST"
                  http-request return status 200 content-type text/plain string %s
                """;
        Path file = home(i).resolve("haproxy.cfg");
        Files.writeString(
                file,
                String.format(
                        Locale.ROOT, text, address(i), PORT, kind == Kind.HAPROXY_HTTP2 ? " proto h2" : "", name(i)));
        String program = Files.isExecutable(Path.of("/usr/sbin/haproxy")) ? "/usr/sbin/haproxy" : "haproxy";
        return List.of(program, "-db", "-f", file.toString());
    }

    /** A program of ours, as small as a JVM gets: no optimising compiler, one thread for garbage. */
    static List<String> java(Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    private List<String> nginx(int i) throws IOException {
        Path home = home(i);
        StringBuilder text = new StringBuilder("daemon off;\nmaster_process off;\n")
                .append("pid " + home + "/pid;\nerror_log " + home + "/error.log;\n")
                .append("events { worker_connections 512; }\nhttp {\n")
                .append("log_format served '$msec $http_x_call_id $request_method $status';\n")
                .append("access_log " + log(i) + " served;\nkeepalive_requests 100000;\n");
        for (String each : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
            text.append(each + "_temp_path " + home + "/" + each + ";\n");
        }
        text.append("server { listen " + address(i) + ":" + PORT + (certificates == null ? ";\n" : " ssl;\n"));
        if (certificates != null) {
            String which = impostors[i] ? "wrong" : "right";
            text.append("ssl_certificate " + certificates.certificate(which) + ";\n")
                    .append("ssl_certificate_key " + certificates.key(which) + ";\n");
        }
        text.append("location / { default_type text/plain; return 200 " + name(i) + "; } } }\n");
        Path file = home.resolve("nginx.conf");
        Files.writeString(file, text);
        String program = Files.isExecutable(Path.of("/usr/sbin/nginx")) ? "/usr/sbin/nginx" : "nginx";
        return List.of(program, "-p", home.toString(), "-c", file.toString());
    }

    private void awaitListening(int i) throws IOException, InterruptedException {
        for (int attempt = 0; attempt < 1000; attempt++) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(address(i), PORT), 100);
                return;
            } catch (IOException e) {
                if (!processes[i].isAlive()) {
                    break;
                }
                Thread.sleep(10);
            }
        }
        throw new IllegalStateException(name(i) + " doesn't listen: " + Files.readString(home(i).resolve("output")));
    }

    /** Sends a command to a server of ours. */
    void command(int i, String text) throws IOException {
        processes[i].getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
        processes[i].getOutputStream().flush();
    }

    void kill(int i) throws InterruptedException {
        processes[i].destroyForcibly().waitFor();
    }

    /** Kills the first of them, as nearly at once as can be. */
    void killFirst(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            processes[i].destroyForcibly();
        }
        for (int i = 0; i < count; i++) {
            processes[i].waitFor();
        }
    }

    /** Starts all again, as nearly at once as can be. */
    void startAll() throws IOException, InterruptedException {
        for (int i = 0; i < SIZE; i++) {
            launch(i);
        }
        for (int i = 0; i < SIZE; i++) {
            awaitListening(i);
        }
    }

    /**
     * Asks a HAProxy to finish what it has and leave. Not nginx: its signal for that is SIGQUIT, which the JVM blocks for
     * its children.
     */
    void quit(int i) throws IOException, InterruptedException {
        signal(i, "USR1");
        if (!processes[i].waitFor(5, TimeUnit.SECONDS)) {
            kill(i);
        }
    }

    void signal(int i, String signal) throws IOException, InterruptedException {
        Shell.run("kill", "-" + signal, String.valueOf(processes[i].pid()));
    }

    List<Served> served() throws IOException {
        List<Served> all = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            all.addAll(Served.read(name(i), log(i)));
        }
        return all;
    }

    @Override
    public void close() {
        for (Process each : processes) {
            if (each != null) {
                each.destroyForcibly();
            }
        }
    }
}
