# Everything a person types. Each target is one script in tools/ or one CMake preset.
# Settings and ports are environment variables: make run GATEWAY_HTTP_PORT=9000 RUN_DIR=/tmp/second
.PHONY: help run upgrade restart stop status ctl clean-data build release deb deb-test backup restore test clang tsan soak planted k6 monitor bench format images docker-test
MAKEFLAGS += --no-print-directory
export

help:
	@echo 'make run            install, build, set up and start everything; Ctrl-C stops it'
	@echo '                    ARGS=--detach returns when it is ready'
	@echo '                    GATEWAY_DOMAIN=city.example.org  HTTPS for the world; GATEWAY=nginx for great load'
	@echo 'make restart PART=redis  one part anew, for example after an upgrade of its package'
	@echo 'make upgrade        the services that run to this version, one by one, while the city goes on;'
	@echo '                    ARGS=--back to the version before'
	@echo 'make stop           stop it; the data stays'
	@echo 'make status         what runs, how ready it is, and where'
	@echo 'make ctl ARGS=lag   citywatchctl against what runs; ARGS=--help lists the verbs'
	@echo 'make backup         saves what runs with a BACKUP_DIR; TYPE=full|diff|incr'
	@echo 'make restore BACKUP_DIR=… RUN_DIR=new TIME=…  a new run folder, as it was then; without TIME the newest'
	@echo 'make clean-data     asks, then forgets all data'
	@echo 'make test           build with sanitizers and run every test'
	@echo 'make clang          build everything with clang, warnings are errors'
	@echo 'make tsan           run what has many threads under the thread sanitizer'
	@echo 'make soak           MINUTES=10 SEED=7: faults while clients work, then the checker'
	@echo 'make planted        proves the tests: builds with known bugs, each must be caught; BUG=name'
	@echo 'make build          development build in build/dev'
	@echo 'make release        release build in build/release'
	@echo 'make deb            Debian packages of it in build/packages'
	@echo 'make deb-test       installs, upgrades and removes them on a machine of their own; as root'
	@echo 'make k6 SCRIPT=smoke  a load script against what runs'
	@echo 'make monitor        Prometheus, its alerts and exporters for what runs; Ctrl-C stops them'
	@echo 'make bench          measures a city of its own beside nginx and pgbench'
	@echo 'make images         images of all parts for Docker, docker/compose.yml runs them'
	@echo 'make docker-test    makes them twice, compares, and tries cities of them; 15 minutes'
	@echo 'make format         lay out the C sources'

run:
	@tools/run $(ARGS)

restart:
	@tools/restart $(PART)

upgrade:
	@tools/upgrade $(ARGS)

stop status backup restore clean-data:
	@tools/$@

ctl:
	@tools/ctl $(ARGS)

test:
	@tools/install build run test
	@tools/mongodb/build || echo 'citywatch: tests of MongoDB use the stand-in alone'
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build --preset asan
	@ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
		ctest --test-dir build/asan --output-on-failure

clang:
	@tools/install build test
	@cmake --preset clang --log-level=WARNING >/dev/null
	@cmake --build --preset clang

# All that has threads. The two that are left out have one, and hold it to times that this build doubles.
tsan:
	@tools/install build run test
	@cmake --preset tsan --log-level=WARNING >/dev/null
	@cmake --build --preset tsan
	@ctest --test-dir build/tsan --output-on-failure -j 2 -E '^platform\.(deadlines|pipeline)_test' \
		-R '^(platform|writer|command-api|query-api)\.|^projector\.(projector_engine|projector_healing|rebuild_load|fold)_test'

soak:
	@tools/install build run test
	@PRESET=$(or $(PRESET),asan) tests/faults/soak.py --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

planted:
	@tools/install build run test
	@tests/faults/planted.py $(BUG)

build:
	@tools/install build
	@cmake --preset dev --log-level=WARNING >/dev/null
	@cmake --build --preset dev

deb:
	@tools/deb

# The life of the packages on a bare Debian with systemd, which is made once in build/packages-test. As root.
deb-test: deb
	@tools/install package-test
	@python3 tests/packages/life_test.py

release:
	@tools/install build
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release

k6:
	@tools/k6 $(or $(SCRIPT),smoke)

monitor:
	@tools/monitor

bench:
	@tools/bench

images:
	@tools/install docker
	@docker/images

docker-test:
	@tests/docker/run

format:
	@tests/checks/format --fix
