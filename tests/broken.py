"""BREAKS: for each promise places in the code that keep it, how to break each, and which tests see that.

`tests/test_broken.py` breaks them one by one in a copy of the tree and runs the tests that are named (with
`make torture`; `ARGS="-k promise-14:"` picks some).  Whoever changes one of these lines changes its line here
too.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Break:
    """Hold one way to break the code.

    Attributes:
        promise: the number of the promise that is broken.
        file:    where in augkit/, and `text`, which stands there once.
        instead: what to put in its place.
        tests:   tests of this promise, as file::name in tests/, each of which has to fail.
    """

    promise: int
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"promise-{self.promise}:{self.file}:{self.text.strip().splitlines()[0][:40]}"


BREAKS = (
    Break(
        1,
        "store/formats/sink.py",
        'self._aside = Path(place.tmp, "shard")',
        "self._aside = self._final",
        (
            "store/test_kills.py::test_promise_1_a_write_that_breaks_off_leaves_no_half_file_under_a_final_name",
        ),
    ),
    Break(
        1,
        "store/formats/folder.py",
        'disk.put(f"{self._place.tmp}/{len(self._names)}", data)',
        'disk.put(f"{self._place.out}/{self._place.split}/{name}", data)',
        (
            "store/test_kills.py::test_promise_1_a_write_that_breaks_off_leaves_no_half_file_under_a_final_name",
        ),
    ),
    Break(
        2,
        "store/manifest.py",
        "        if whole:\n",
        "        if True:\n            notes = _notes_of(pq.read_schema(path))\n",
        ("store/test_kills.py::test_promise_2_a_file_lost_before_the_end_is_made_again",),
    ),
    Break(
        2,
        "store/manifest.py",
        "paths = [out / piece(number) for number in range(shards)]",
        "paths = sorted((out / piece(number) for number in range(shards)), key=os.path.getmtime)",
        (
            "store/test_parts.py::"
            "test_promise_2_8_12_parts_made_at_the_same_time_and_killed_end_in_the_same_bytes",
        ),
    ),
    Break(
        2,
        "store/sites.py",
        "(words[np.minimum(places, len(words) - 1)] == wanted).all()",
        "True",
        (
            "store/test_object_stores.py::"
            "test_promise_2_a_picture_that_vanished_from_the_bucket_is_made_again",
        ),
    ),
    Break(
        3,
        "store/disk.py",
        "        new = aside(root, name)\n",
        "        new = root / name\n",
        ("store/test_kills.py::test_promise_3_every_stop_point_resumes",),
    ),
    Break(
        4,
        "store/writing.py",
        "    disk.replace_json(out, disk.PLAN, wanted)\n",
        '    disk.replace_json(out, disk.PLAN, wanted)\n    disk.replace(out, disk.MARKER, b"{}")\n',
        ("store/test_formats.py::test_promise_3_4_every_stop_point_resumes",),
    ),
    Break(
        4,
        "sources/own.py",
        "    if not _finished(root):\n",
        "    if False:\n",
        ("sources/test_folder.py::test_promise_4_an_unfinished_data_set_of_ours_is_refused",),
    ),
    Break(
        5,
        "store/disk.py",
        "if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):",
        "if error.errno == errno.EDQUOT:",
        ("store/test_formats.py::test_promise_5_a_full_disk_is_a_clean_stop",),
    ),
    Break(
        6,
        "store/claim.py",
        "if out.is_dir() and not (out / disk.PRIVATE).is_dir() and any(out.iterdir()):",
        "if False:",
        ("store/test_claims.py::test_promise_6_a_folder_with_other_things_is_refused_and_left_alone",),
    ),
    Break(
        6,
        "store/claim.py",
        "if inside.is_relative_to(top):",
        "if False:",
        ("store/test_claims.py::test_promise_6_an_output_inside_its_source_is_refused",),
    ),
    Break(
        7,
        "sources/members.py",
        '    with open(path, "rb", buffering=0) as file:',
        '    os.utime(path)\n    with open(path, "rb", buffering=0) as file:',
        (
            "store/test_same_bytes.py::test_promise_7_making_a_data_set_leaves_its_source_as_it_was",
            "sources/test_sources.py::test_promise_7_reading_changes_nothing_in_the_source",
        ),
    ),
    Break(
        8,
        "store/claim.py",
        "            own.enter_context(_held(out, part.lock,",
        "            contextlib.nullcontext((out, part.lock,",
        ("store/test_parts.py::test_promise_8_a_part_and_the_whole_are_not_made_at_once",),
    ),
    Break(
        8,
        "store/lease.py",
        "                if not self._mine():\n                    self._lost",
        "                if False:\n                    self._lost",
        ("store/test_leases.py::test_promise_8_who_loses_its_place_stops",),
    ),
    Break(
        9,
        "engines/pool.py",
        "again.append(_bury(worker))",
        "_bury(worker)",
        (
            "engines/test_engines.py::test_promise_9_a_workers_death_costs_its_task_another_attempt_and_is_reported",
        ),
    ),
    Break(
        9,
        "store/suspects.py",
        "if count > 1}",
        "if count > 9}",
        ("store/test_bad_workers.py::test_promise_9_a_picture_that_kills_its_process_costs_that_picture",),
    ),
    Break(
        10,
        "store/stopping.py",
        "signal.signal(signal.SIGTERM, stop) if main",
        "signal.getsignal(signal.SIGTERM) if main",
        ("store/test_kills.py::test_promise_10_a_signal_stops_the_run_with_a_word_and_its_workers",),
    ),
    Break(
        11,
        "store/checking.py",
        'return "" if there == digest else',
        'return "" if there else',
        ("store/test_verify.py::test_promise_11_random_harm_is_found_and_named_and_nothing_else_is",),
    ),
    Break(
        11,
        "store/checking.py",
        "    if there == names:\n",
        "    if True:\n",
        ("store/test_formats.py::test_promise_11_a_file_or_folder_more_is_found",),
    ),
    Break(
        12,
        "store/cutting.py",
        "order = pc.sort_indices(keys)",
        'order = pc.sort_indices(__import__("pyarrow").array(range(len(keys))))',
        (
            "store/test_generate.py::"
            "test_promise_12_the_bytes_are_the_same_for_any_workers_shards_order_and_folder",
        ),
    ),
    Break(
        13,
        "keys.py",
        "(raws >> np.uint64(11)).astype(np.float64) * 2.0**-53",
        "(raws >> np.uint64(12)).astype(np.float64) * 2.0**-52",
        ("test_keys.py::test_promise_13_ten_thousand_decisions_are_those_of_every_other_machine",),
    ),
    Break(
        13,
        "keys.py",
        "for _ in range(10):",
        "for _ in range(9):",
        ("test_keys.py::test_promise_13_ten_thousand_decisions_are_those_of_every_other_machine",),
    ),
    Break(
        14,
        "render/pixels.py",
        "left, top = (wide - 1) / 2, (high - 1) / 2",
        "left, top = wide / 2, high / 2",
        ("test_golden.py::test_promise_14_an_op_makes_the_pictures_that_were_written_down",),
    ),
    Break(
        15,
        "store/shard.py",
        "words = addresses.words([shard.keys[place] for place in places])",
        "words = addresses.words([str(place) for place in places])",
        ("store/test_generate.py::test_promise_15_a_picture_more_changes_no_other",),
    ),
    Break(
        15,
        "sources/columns.py",
        "key = hashlib.sha256(data).hexdigest()[:20]",
        "key = str(len(keys))",
        ("sources/test_columns.py::test_promise_15_a_key_from_content_does_not_move_when_rows_do",),
    ),
    Break(
        16,
        "sources/split.py",
        "leader = _leaders(rank, np.arange(len(rank)) if groups is None else groups)",
        "leader = _leaders(rank, np.arange(len(rank)))",
        (
            "sources/test_duplicates.py::test_promise_16_a_leak_across_the_split_is_not_possible",
            "sources/test_duplicates.py::"
            "test_promise_16_loading_with_a_split_says_and_keeps_together_what_it_found",
        ),
    ),
    Break(
        16,
        "sources/duplicates.py",
        "for position in range(8):\n        turned = _positioned",
        "for position in range(4):\n        turned = _positioned",
        ("sources/test_duplicates.py::test_promise_16_a_leak_across_the_split_is_not_possible",),
    ),
    Break(
        16,
        "store/leaks.py",
        "parts[split].append(np.unique(numbers))",
        'parts["all"].append(np.unique(numbers))',
        ("store/test_leaks.py::test_promise_16_what_stands_in_two_splits_is_told_and_named",),
    ),
    Break(
        16,
        "store/job.py",
        "if self.plan is None or split not in self.augmented:",
        "if self.plan is None:",
        ("store/test_guarded.py::test_promise_16_no_copy_leaves_the_split_of_its_source",),
    ),
    Break(
        17,
        "codec.py",
        "    if torn:\n",
        "    if False:\n",
        ("test_codec.py::test_promise_17_a_torn_jpeg_is_refused_even_with_an_end_marker_put_behind_it",),
    ),
    Break(
        18,
        "codec.py",
        "    if width * height > MAX_PIXELS:",
        "    if False:",
        (
            "test_codec.py::test_promise_18_a_bomb_is_refused_by_its_header",
            "store/test_kinds.py::test_promise_18_a_bomb_is_refused_by_its_header_at_once",
        ),
    ),
    Break(
        18,
        "sources/idx.py",
        "file.read(min(_PIECE, want - have))",
        "file.read(want - have)",
        ("sources/test_idx.py::test_promise_18_a_header_that_lies_costs_no_memory",),
    ),
    Break(
        19,
        "codec.py",
        "if orientation in (2, 3, 6, 7):",
        "if orientation in (2, 3, 6):",
        ("test_codec.py::test_promise_19_every_orientation_gives_the_upright_picture",),
    ),
    Break(
        19,
        "codec.py",
        "(background,) * 3 + (255,)",
        "(0,) * 3 + (255,)",
        ("test_codec.py::test_promise_19_transparent_pixels_show_the_stated_background",),
    ),
    Break(
        19,
        "codec.py",
        "colour * share + background * (1 - share)",
        "colour",
        ("test_codec.py::test_promise_19_sixteen_bits_with_alpha_show_the_stated_background",),
    ),
    Break(
        20,
        "store/names.py",
        "if not text or _RESERVED.fullmatch(text):",
        "if not text:",
        ("store/test_names.py::test_promise_20_names_of_devices_are_no_names_of_files",),
    ),
    Break(
        20,
        "store/names.py",
        "alone = self._word(name, label) not in self._shared and WAS not in name",
        "alone = True",
        ("store/test_names.py::test_promise_20_no_two_files_share_a_name",),
    ),
    Break(
        21,
        "sources/columns.py",
        "            if path is None or not (within is None or within.holds(path)):\n",
        "            if path is None:\n",
        (
            "sources/test_columns.py::test_promise_21_a_path_that_leads_out_of_its_data_set_is_not_followed",
            "sources/test_parquet.py::test_promise_21_33_no_url_in_a_parquet_file_is_asked_for",
            "store/test_formats.py::test_promise_21_a_path_in_a_table_of_augkits_own_is_not_followed",
        ),
    ),
    Break(
        21,
        "store/merging.py",
        "        _stays_inside(folder, kept, folders)\n",
        "        pass\n",
        (
            "store/test_parts.py::test_promise_21_a_part_that_names_a_file_elsewhere_is_refused_before_anything_is_written",
            "store/test_parts.py::test_promise_21_a_part_whose_plan_names_a_folder_elsewhere_is_refused",
        ),
    ),
    Break(
        21,
        "sources/folder.py",
        "elif entry.is_symlink() and (picture or entry.is_dir()):",
        "elif False:",
        ("sources/test_folder.py::test_promise_21_links_are_not_followed",),
    ),
    Break(
        21,
        "store/ground.py",
        "if not holds(tmp, token):",
        "if False:",
        ("store/test_ground.py::test_promise_21_a_link_turned_during_a_run_stops_it",),
    ),
    Break(
        21,
        "store/shard.py",
        "ground.must_hold(job.out, job.tmp, job.token, rows.folders())",
        "ground.must_hold(job.out, job.tmp, job.token)",
        ("store/test_ground.py::test_promise_21_a_folder_of_the_output_that_becomes_a_link_stops_the_run",),
    ),
    Break(
        22,
        "sources/tars.py",
        "if not info.isreg() or info.issparse():",
        "if False:",
        (
            "sources/test_tars.py::test_promise_22_what_could_do_harm_is_refused",
            "sources/test_imagenet.py::"
            "test_promise_22_an_inner_archive_with_a_link_is_refused_and_nothing_is_written",
        ),
    ),
    Break(
        22,
        "sources/tars.py",
        "_ended(file, archive.offset, start, end, where)",
        "archive.close()",
        ("sources/test_tars.py::test_promise_22_a_torn_archive_is_seen_wherever_it_is_cut",),
    ),
    Break(
        22,
        "sources/tars.py",
        "archive.members.clear()",
        "archive.members.copy()",
        ("sources/test_tars.py::test_promise_22_many_members_cost_little_memory",),
    ),
    Break(
        23,
        "document.py",
        "if self.nested > MAX_DEPTH:",
        "if False:",
        ("test_document.py::test_promise_23_what_could_hurt_is_refused_at_its_place",),
    ),
    Break(
        23,
        "document.py",
        "data = file.read(MAX_BYTES + 1)",
        "data = file.read()",
        ("test_document.py::test_promise_23_a_file_of_a_hundred_megabytes_is_not_read_to_its_end",),
    ),
    Break(
        24,
        "page/__init__.py",
        "autoescape=True",
        "autoescape=False",
        ("show/test_gallery.py::test_promise_24_names_are_text_and_never_code",),
    ),
    Break(
        24,
        "errors.py",
        "return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)",
        "return text",
        ("cli/test_hostile.py::test_promise_24_what_is_printed_is_what_was_meant_but_for_controls",),
    ),
    Break(
        24,
        "sources/urls.py",
        'if ":" in user:',
        "if False:",
        ("sources/test_urls.py::test_promise_24_a_url_with_a_secret_is_refused_without_saying_it",),
    ),
    Break(
        25,
        "sources/columns.py",
        "return sorted(found, key=int)",
        "return sorted(found)",
        ("sources/test_columns.py::test_promise_25_numbers_become_classes_in_the_order_of_numbers",),
    ),
    Break(
        25,
        "sources/hub.py",
        'if "gated" in said.lower():',
        "if False:",
        ("sources/test_hub.py::test_promise_25_what_the_hub_refuses_is_said_with_the_way_out",),
    ),
    Break(
        26,
        "store/run.py",
        "todo = sources.shards(job, skip={*sealed, *elsewhere})",
        "todo = list(sources.shards(job, skip={*sealed, *elsewhere}))",
        ("store/test_generate.py::test_promise_26_no_more_shards_are_held_than_are_worked_on",),
    ),
    Break(
        26,
        "sources/idx.py",
        "step = max(1, _PIECE // (height * width))",
        "step = count",
        ("sources/test_idx.py::test_promise_26_memory_is_flat_in_the_number_of_pictures",),
    ),
    Break(
        27,
        "sources/folder.py",
        "    inner = top.inside()\n",
        "    inner = top.inside() and top.inside()\n",
        ("sources/test_folder.py::test_promise_27_every_folder_is_listed_once_and_classes_cost_alike",),
    ),
    Break(
        28,
        "store/disk.py",
        "    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)\n",
        "    handle = os.dup(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))\n",
        ("store/test_bad_workers.py::test_promise_28_nothing_is_left_open_or_running_after_many_runs",),
    ),
    Break(
        28,
        "engines/pool.py",
        "            _end(busy)\n",
        "            _end(busy[1:])\n",
        ("engines/test_engines.py::test_promise_28_no_process_is_left_when_the_caller_stops_early",),
    ),
    Break(
        29,
        "store/disk.py",
        "_TRIES = 3",
        "_TRIES = 1",
        ("store/test_flaky_disks.py::test_promise_29_an_error_that_passes_costs_another_attempt",),
    ),
    Break(
        29,
        "store/formats/sink.py",
        "                rest = rest[os.write(self._handle, rest) :]",
        "                rest = rest[os.write(self._handle, rest) and len(rest) :]",
        ("store/test_flaky_disks.py::test_promise_29_short_writes_are_continued",),
    ),
    Break(
        29,
        "sources/urls.py",
        "if wait is None or lasting(told):",
        "if True:",
        ("store/test_object_stores.py::test_promise_29_a_request_that_fails_once_is_tried_again",),
    ),
    Break(
        33,
        "ops/foreign.py",
        'os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")',
        "pass",
        ("test_offline.py::test_promise_33_libraries_are_kept_from_calling_home",),
    ),
    Break(
        33,
        "interchange/export.py",
        'os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")',
        "pass",
        ("test_offline.py::test_promise_33_libraries_are_kept_from_calling_home",),
    ),
    Break(
        33,
        "engines/ray.py",
        'os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")',
        "pass",
        ("engines/test_ray.py::test_promise_33_ray_is_told_to_tell_nobody",),
    ),
    Break(
        34,
        "store/checking.py",
        'version = 1 if said.get("version") == 1 else VERSION',
        "version = VERSION",
        ("store/test_kept.py::test_promise_34_an_old_data_set_is_verified",),
    ),
    Break(
        34,
        "sources/own.py",
        'plan.get("format", "folder")',
        'plan["format"]',
        ("store/test_kept.py::test_promise_34_an_old_data_set_is_a_source",),
    ),
)
