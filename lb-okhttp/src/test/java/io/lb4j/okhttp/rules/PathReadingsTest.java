package io.lb4j.okhttp.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No spelling of a denied path gets past. */
class PathReadingsTest {
    private static final FirewallRule NO_ADMIN =
            FirewallRule.named("no admin").denyPaths("/admin").build();

    /** Where a random path is put together of: what means something to some server, and what means nothing. */
    private static final List<String> PIECES = List.of(
            "/",
            "//",
            "\\",
            "%2f",
            "%2F",
            "%5c",
            "%252f",
            "%25252f",
            "%c0%af",
            "%e0%80%af",
            "/.",
            "/..",
            "%2e",
            ".",
            "%252e",
            "%c0%ae",
            ";",
            ";v=1",
            "%3b",
            "a",
            "x",
            "admin",
            "adm",
            "in",
            "%61dmin",
            "ad%6din",
            "%2561dmin",
            "ADMIN",
            "%00",
            "%09",
            "%3f",
            "%23",
            "%20",
            "%",
            "%u002f",
            "%ef%bc%8f");

    @TempDir
    Path temp;

    private static boolean isDenied(String path) {
        return NO_ADMIN.pathRefusal(Inspection.PathAsked.of(path, path)) != null;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/admin",
                "/admin/",
                "/admin/users",
                "/ADMIN/users",
                "/x/../admin",
                "/x/%2e%2e/admin",
                "/x/%2E./admin",
                "/x/%252e%252e/admin",
                "/x/%25252e%25252e/admin",
                "/x/..%2fadmin",
                "/x/..%5cadmin",
                "/x\\..\\admin",
                "/%61dmin",
                "/%2561dmin",
                "/%252561dmin",
                "//admin",
                "///admin",
                "/%2fadmin",
                "/%5cadmin",
                "/./admin",
                "/;/admin",
                "/;a=b/admin",
                "/x/..;/admin",
                "/x/..;v=1/admin",
                "/x/..%3b/admin",
                "/x/%2e%2e%3bv=1%2fadmin",
                "/admin;v=1",
                "/admin;v=1/users",
                "/admin%3bv=1",
                "/admin%00",
                "/admin%00.png",
                "/admin%3fx",
                "/admin%23x",
                "/admin.",
                "/admin./users",
                "/admin%20",
                "/ad%09min",
                "/ad%0d%0amin",
                "/%c0%afadmin",
                "/x/%c0%ae%c0%ae/admin",
                "/x/..%c0%afadmin",
                "/x/..%e0%80%afadmin",
                "/x/..%f0%80%80%afadmin",
                "/x/..%f8%80%80%80%afadmin",
                "/x/..%u002fadmin",
                "/x/%u002e%u002e/admin",
                "/x/..%ef%bc%8fadmin",
                "/%ef%bd%81dmin",
                "/a/%252e%252e/../admin",
                "/admin/%252e%252e/../x",
                "/a/b/%2e%2e/%252e%252e/admin",
                "/a//../admin",
                "/admin.json",
                "/admin.json;v=1",
                "/admin::$DATA",
                "/admin:$I30:$INDEX_ALLOCATION/x",
                "/ad%ffmin",
                "/ad%80min",
                "/x/..%c0%2fadmin",
                "/ad%e2%80%8dmin",
                "/adm%c4%b1n",
                "/%ef%bc%8e%ef%bc%8e/admin",
                "/x/%e2%80%a5/admin",
                "/x/%ef%bc%8e%2e%ef%bc%bcadmin",
                "/a//..//admin"
            })
    void path_thatSomeServerReadsAsDenied_isDenied(String path) {
        assertThat(isDenied(path)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/administrators",
                "/x/admin",
                "/orders/42",
                "/a%2Fb",
                "/a;v=1/b",
                "/caf%C3%A9",
                "/.well-known/x",
                "/a+b",
                "/administrators.json",
                "/admin.v2/x",
                "/v1/things:cancel",
                "/a$b:c",
                "/~user/a,b=(c)!*'@&",
                "/100%25"
            })
    void path_thatNoServerReadsAsDenied_passes(String path) {
        assertThat(isDenied(path)).isFalse();
    }

    @Test
    void readings_ofEscapedSlashesBesideOtherEscapes_areThoseOfServersThatKeepThemAndOfThoseThatDont() {
        // Kept, the second segment is "b%2f..%2fa%2fx", and not below /a.
        assertThat(PathReadings.of("/a/%252e%252e/b%252f..%252fa%252fx")).contains("/b%2f..%2fa%2fx", "/a/x");
        // A byte that is no UTF-8 but a letter to some, and one level of escapes gone.
        assertThat(PathReadings.of("/%e9%2f%2541")).contains("/\u00e9/%41", "/\u00e9%2fA", "//%41");
    }

    @Test
    void readings_ofAnyReading_areAmongThem() {
        Random random = new Random(1);
        for (int i = 0; i < 2_000; i++) {
            String path = path(random);
            Set<String> readings = PathReadings.of(path);
            if (readings != null) {
                for (String each : readings) {
                    assertThat(readings)
                            .as("readings of %s by way of %s", path, each)
                            .containsAll(PathReadings.of(each));
                }
            }
        }
    }

    @Test
    void path_thatIsBuiltToHaveManyReadings_isRefusedInShortOrder() {
        String hostile = "/%" + "25".repeat(300) + "2e";
        assertThat(PathReadings.of("/" + "%".repeat(70_000))).isNull();
        assertThat(isDenied(hostile)).isTrue();
    }

    @Test
    void path_thatIsLongAndOdd_isRefusedAfterLittleWork() {
        String[] odd = {"%25", "%252e/", "%c0%af..;/", "a%2f%2e%2e%5c", "%u002f.;.;", "\\..%00"};
        for (String piece : odd) {
            String path = "/" + piece.repeat(8_000 / piece.length());
            // Longer than all readings may be together, unless there are few.
            Set<String> readings = PathReadings.of(path);
            assertThat(readings == null
                            || readings.stream().mapToInt(String::length).sum() <= PathReadings.MAX_LENGTH)
                    .as(piece)
                    .isTrue();
        }
    }

    /** A real nginx decides which spellings reach the location; the firewall must deny each of them. */
    @Test
    void path_thatReachesALocationOfNginx_isDenied() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/sbin/nginx")), "nginx is not installed here, so this can't be tried");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path config = Files.writeString(
                temp.resolve("nginx.conf"),
                "daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {}\n"
                        + "http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;"
                        + " scgi_temp_path s; server { listen 127.0.0.1:" + port + "; keepalive_timeout 0;\n"
                        + "location = /admin { return 200 reached; } location /admin/ { return 200 reached; } location / { return 200 elsewhere; } } }\n");
        Process nginx = new ProcessBuilder("/usr/sbin/nginx", "-p", temp.toString(), "-c", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(temp.resolve("log").toFile())
                .start();
        try {
            awaitAnswer(port, nginx);
            Random random = new Random(2);
            int reached = 0;
            for (int i = 0; i < 3_000; i++) {
                String path = path(random);
                if (answer(port, path).endsWith("reached")) {
                    reached++;
                    assertThat(isDenied(path)).as(path).isTrue();
                }
            }
            assertThat(reached).as("spellings that reach it").isGreaterThan(20);
        } finally {
            nginx.destroy();
            if (!nginx.waitFor(10, TimeUnit.SECONDS)) {
                nginx.destroyForcibly().waitFor();
            }
        }
    }

    private static String path(Random random) {
        StringBuilder path = new StringBuilder("/");
        for (int parts = 1 + random.nextInt(6); parts > 0; parts--) {
            path.append(PIECES.get(random.nextInt(PIECES.size())));
        }
        return path.append(random.nextBoolean() ? "" : "/admin").toString();
    }

    private static void awaitAnswer(int port, Process nginx) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try {
                answer(port, "/");
                return;
            } catch (IOException e) {
                assertThat(nginx.isAlive()).as("nginx runs").isTrue();
                assertThat(System.nanoTime() - end).as("nginx answers in time").isNegative();
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }

    private static String answer(int port, String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n\r\n")
                            .getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }
}
