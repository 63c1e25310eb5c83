// SPDX-License-Identifier: Apache-2.0

// Package faults tests the product where the world around it is broken: a file
// system that refuses or loses power, configfs in the wrong place, disks that fail
// or hang, users without privilege, hostile surroundings, clocks that jump. It
// holds nothing but tests.
//
// When not to look here: for faults at each of the product's own steps, which
// tests/plan has, and those of nodes and networks, which tests/stop, tests/drift
// and tests/locks have.
//
// The faults that concern files, configfs, heartbeat and input, and the tests that
// show what the product makes of them:
//
//	F1   kill -9 at every call of online, offline, apply; the next run heals, status tells
//	     tests/plan.TestFaultAtEveryCall
//	     tests/stack.TestOnlineAfterACrash
//	     tests/stack.TestNumberZeroThatIsNone
//	     tests/faults.TestTimeJumps
//	F2   each write, mkdir and rmdir of configfs failing; exactly undone
//	     tests/plan.TestFaultAtEveryCall
//	     tests/stack.TestFailingStepUndoesAll
//	     tests/stack.TestPlanReachesOrRestores
//	     tests/stack.TestRefusalsOfAQuietCluster
//	F3   the undo itself failing
//	     tests/plan.TestFaultAtEveryCall
//	     libo2cb/plan.TestApplyReportsWhatIsLeft
//	     libo2cb/plan.TestJournalFollowsApply
//	     libo2cb/plan.TestJournalTornAndBroken
//	F4   attributes missing, renamed, unknown
//	     libo2cb/configfs.TestClusterReadsWhatTheKernelHolds
//	     libo2cb/configfs.TestClusterOfAKernelWithoutMode
//	     libo2cb/configfs.TestTiming
//	F5   another tool changing configfs between plan and apply
//	     libo2cb/plan.TestApplyRefusesAStalePlan
//	     libo2cb/plan.TestApplyLooksAtTheEnd
//	     libo2cb/configfs.TestRemovedWhileReadingIsNoticed
//	     tests/plan.TestPlanAndUndo
//	F6   another cluster or stack, configfs missing, twice, read-only, in a container
//	     tests/faults.TestConfigFS
//	     tests/stack.TestUnloadKeepsWhatWasThere
//	     libo2cb/stack.TestLoadRefusesAnActiveUserStack
//	     libo2cb/plan.TestOtherCluster
//	F7   offline while a volume is mounted or a lock held
//	     tests/stop.TestStop
//	     tests/stack.TestLivingCluster
//	     libo2cb.TestOfflineNamesEveryUser
//	F8   disks that are gone, of another volume, with errors, with large sectors, hung
//	     tests/faults.TestDisks
//	     tests/global.TestHungDisk
//	     tests/monitor.TestErrors
//	     tests/monitor.TestStall
//	     tests/volumes.TestRefusals
//	     libo2cb/volume.TestReadSectorSize
//	     libo2cb/volume.TestFindAllBesideHungDisks
//	F9   loss of power at any write of cluster.conf
//	     tests/faults.TestPowerLoss
//	     tests/conf.TestOrderOfASave
//	     libo2cb/conf.TestStraysAreRemoved
//	     libo2cb/conf.TestEditKeepsExtendedAttributes
//	F10  a file system that is full, read-only, over quota, broken, immutable; links
//	     tests/faults.TestFileSystemRefuses
//	     tests/conf.TestFaults
//	     tests/conf.TestFaultsCoverEveryCall
//	     libo2cb/conf.TestEditFollowsLinks
//	F11  many runs at once; a lock of the dead
//	     tests/plan.TestManyAtOnce
//	     tests/conf.TestParallelEditors
//	     tests/conf.TestDeadEditorBlocksNobody
//	     libo2cb.TestLockExcludes
//	     libo2cb.TestLockNamesItsHolder
//	F12  the file edited meanwhile
//	     libo2cb/conf.TestSaveRefusesAChangedFile
//	     libo2cb/conf.TestEditRefusesAChangeMeanwhile
//	F13  anything at all as input of the parsers
//	     libo2cb/conf.FuzzParse
//	     libo2cb/conf.FuzzEdit
//	     libo2cb/conf.TestLargeFiles
//	     libo2cb/conf.TestTooLargeFile
//	     libo2cb/settings.FuzzParse
//	     libo2cb/definition.FuzzRead
//	     tests/conf.TestGeneratedFiles
//	     tests/conf.TestGeneratedValidFiles
//	F14  malicious names
//	     tests/faults.TestNames
//	     libo2cb/cluster.TestCheckNames
//	     libo2cb/cluster.TestCheckRegionName
//	     libo2cb/configfs.TestNamesThatAreNotOneComponent
//	     libo2cb/configfs.TestNamesLongerThanTheKernels
//	     libo2cb/configfs.TestSymbolicLinksAreNotFollowed
//	F15  wrong and doubled values, stanzas that are not there, odd white space
//	     libo2cb/conf.TestParseVerifiedInputs
//	     libo2cb/conf.TestAllMistakesAtOnce
//	     libo2cb/conf.TestLargestFilesAreRead
//	     libo2cb/cluster.TestCheckNumberAndPort
//	     libo2cb/cluster.TestCheckAddress
//	     libo2cb/cluster.TestCheckCluster
//	     libo2cb.TestOnlineRefusals
//	     tests/conf.TestVerifiedInputs
//	     tests/stack.TestOnlineRefusesBeforeTheKernel
//	F16  commands in a settings file
//	     tests/faults.TestSettingsRunNothing
//	     libo2cb/settings.TestParseLines
//	F17  users without privilege
//	     tests/faults.TestUnprivileged
//	     tests/stack.TestRefusalsOfAQuietCluster
//	F18  umask, standard streams, variables and working directory of somebody's making
//	     tests/faults.TestHostileSurroundings
//	     libo2cb/stack.TestModprobeGetsAFixedEnvironment
//	F19  clocks that jump, processes that are stopped, process numbers that come again
//	     tests/faults.TestTimeJumps
//	     libo2cb/plan.TestJournalOfAnotherBoot
//	     tests/volumes.TestKilledHolder
package faults
